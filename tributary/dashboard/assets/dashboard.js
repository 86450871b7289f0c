// Draws a page from what its own file holds (window.tributary). A figure of several days is made from sums:
// a ratio is sum over sum, never a mean of ratios; what is distinct by day is shown as a mean of the days chosen.
"use strict";

(() => {
  const { page, filters: allFilters, words, metrics, identities, publication, data } = window.tributary;
  const WHOLE = "(all)";
  const DAY_MS = 86400000;
  const byId = (id) => document.getElementById(id);
  const rowsOfData = Object.fromEntries(
    Object.entries(data).map(([name, { columns, rows }]) => [
      name, rows.map((row) => Object.fromEntries(row.map((value, i) => [columns[i], value]))),
    ]),
  );
  const isSliced = Object.values(page.data).some((dataset) => dataset.is_sliced);
  const state = { lang: "en", from: "", to: "", filters: {}, chosen: {}, carried: {}, isTaken: true };

  // Words and numbers --------------------------------------------------------------------------------

  const say = (word) => (words[word] ? words[word][state.lang] : word);
  const label = (name) => (metrics[name] ? metrics[name].label[state.lang] : say(name));
  const locale = () => (state.lang === "zh" ? "zh-CN" : "en-US");

  function written(value, format) {
    if (value === null || value === undefined) return "–";
    if (format === "metric") return label(value);
    if (format === "word") return say(value);
    if (format === "text" || format === "date" || typeof value === "string") return String(value);
    const options = {
      count: { maximumFractionDigits: 1 },
      share: { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 2 },
      money: { style: "currency", currency: publication.currency,
        ...(Math.abs(value) >= 1e6 ? { maximumFractionDigits: 0 } : {}) },
      amount: { minimumFractionDigits: 2, maximumFractionDigits: 6 },
      number: { maximumSignificantDigits: 5 },
    }[format];
    return new Intl.NumberFormat(locale(), options).format(value);
  }

  const formatOf = (name) => (metrics[name] ? metrics[name].format : "number");

  // Of a figure that was below zero a share says nothing, or the contrary: how far it moved is told as it is.
  function changeOf(now, before, format) {
    if (now === null || before === null || before === 0) return null;
    return before < 0 ? { moved: now - before, format } : { moved: now / before - 1, format: "share" };
  }

  // Elements -----------------------------------------------------------------------------------------

  function element(tag, attributes = {}, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.append(...children);
    return made;
  }

  function figure(value, format, name) {
    const exact = value === null || value === undefined ? "" : String(value);
    return element("div", { class: "figure", "data-metric": name, "data-value": exact }, written(value, format));
  }

  function change(now, before, hasEarlierDays, ofFormat) {
    const { moved, format } = changeOf(now, before, ofFormat) || {};
    if (moved === undefined) {
      const why = hasEarlierDays ? (now === null ? "no_value" : "no_value_before") : "no_earlier_days";
      return element("div", { class: "change soft" }, say(why));
    }
    const sign = moved > 0 ? "▲ +" : moved < 0 ? "▼ −" : "";
    const text = `${sign}${written(Math.abs(moved), format)}`;
    return element("div", { class: `change ${moved > 0 ? "up" : moved < 0 ? "down" : "soft"}` }, text);
  }

  const isNumber = (column) => !["text", "date", "metric", "word"].includes(column.format);

  function tableOf(columns, rows, title) {
    const heads = columns.map((column) =>
      element("th", { scope: "col", class: isNumber(column) ? "number" : "" }, column.label));
    const lines = rows.map((row) => element("tr", {}, ...columns.map((column) =>
      element("td", { class: isNumber(column) ? "number" : column.format }, written(row[column.name], column.format)))));
    return element("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": title },
      element("table", {}, element("thead", {}, element("tr", {}, ...heads)), element("tbody", {}, ...lines)));
  }

  const noRows = (text) => element("p", { class: "soft empty" }, text || say("no_data"));

  // Rows of a choice ---------------------------------------------------------------------------------

  const shifted = (day, days) => new Date(Date.parse(day) + days * DAY_MS).toISOString().slice(0, 10);
  const daysBetween = (from, to) => Math.round((Date.parse(to) - Date.parse(from)) / DAY_MS) + 1;

  function sliceChosen() {
    const chosen = Object.entries(state.filters).find(([, value]) => value);
    return chosen || [WHOLE, WHOLE];
  }

  // Rows without a day belong to no choice but that of all days.
  const isWithin = (day, from, to) => (day === null
    ? from === publication.first_day && to === publication.last_day
    : day >= from && day <= to);

  function rowsOf(name, from = state.from, to = state.to) {
    const dataset = page.data[name];
    const [dimension, value] = sliceChosen();
    const cuts = Object.entries(dataset.filters);
    const hasWhole = cuts.map(([, column]) => rowsOfData[name].some((row) => row[column] === WHOLE));
    return rowsOfData[name].filter((row) => {
      if (dataset.day && !isWithin(row[dataset.day], from, to)) return false;
      const isAll = dataset.of_all_slices && dimension === WHOLE;
      if (dataset.is_sliced && !isAll && (row.dimension !== dimension || row.dimension_value !== value)) return false;
      return cuts.every(([filter, column], i) => {
        const wanted = state.filters[filter] || (hasWhole[i] ? WHOLE : "");
        return !wanted || row[column] === wanted;
      });
    });
  }

  // Amounts have six places: they are added up as millionths, which doubles hold exactly.
  function sum(rows, name) {
    let total = 0;
    for (const row of rows) total += Math.round((row[name] || 0) * 1e6);
    return total / 1e6;
  }

  // `days`: how many the rows are of, of which some may have none. A count of distinct things is a mean of them,
  // and so is everything that stands beside one in a product.
  function valueOf(name, rows, days, isDaily) {
    if (!rows.length) return null;
    const metric = metrics[name];
    if (metric.denominator) {
      const below = sum(rows, metric.denominator);
      const above = sum(rows, metric.numerator) - (metric.minus ? sum(rows, metric.minus) : 0);
      return below === 0 ? null : (metric.scale * above) / below;
    }
    const total = sum(rows, name);
    return metric.family === "distinct" || isDaily ? total / days : total;
  }

  const isDistinct = (name) => metrics[name].family === "distinct" || metrics[metrics[name].denominator]?.family === "distinct";

  function named(name, isDaily) {
    const isMean = isDistinct(name) || (isDaily && !metrics[name].denominator);
    return isMean && state.from !== state.to ? `${label(name)}, ${say("per_day")}` : label(name);
  }

  // Both periods of a tile: how a metric is shown, and by how much it moved.
  function comparison(data) {
    const days = daysBetween(state.from, state.to);
    const from = shifted(state.from, -days);
    const hasEarlierDays = from >= publication.first_day;
    const [now, before] = [rowsOf(data), hasEarlierDays ? rowsOf(data, from, shifted(state.from, -1)) : []];
    return (name, isDaily = false) => {
      const value = valueOf(name, now, days, isDaily);
      const format = formatOf(name);
      const earlier = valueOf(name, before, days, isDaily);
      return [figure(value, format, name), change(value, earlier, hasEarlierDays, format)];
    };
  }

  // Charts -------------------------------------------------------------------------------------------

  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  function unfolded(summary, columns, rows, title) {
    const details = element("details", {}, element("summary", {}, summary));
    details.addEventListener("toggle", () => {
      if (details.open && details.children.length === 1) details.append(tableOf(columns, rows, title));
    });
    return details;
  }

  // What is drawn is told in words around it, and row by row below it: the drawing itself says nothing aloud.
  function draw(body, spec, alternative, columns, rows, note = "") {
    const place = element("div", { "aria-hidden": "true" });
    const chart = element("div", { class: "chart", role: "img", "aria-label": alternative }, place);
    body.replaceChildren(note && element("p", { class: "note" }, note), chart,
      unfolded(say("data"), columns, rows, alternative));
    const axis = { labelColor: colour("--soft"), titleColor: colour("--soft"), gridColor: colour("--line"),
      domainColor: colour("--line"), tickColor: colour("--line"), labelFontSize: 12 };
    const full = {
      $schema: "https://vega.github.io/schema/vega-lite/v6.json",
      width: "container", height: 240, background: null, autosize: { type: "fit-x", contains: "padding" },
      config: {
        font: "system-ui, sans-serif", view: { stroke: null }, axis,
        legend: { labelColor: colour("--ink"), titleColor: colour("--soft"), orient: "bottom", columns: 3, labelFontSize: 12 },
        range: { category: colour("--categories").split(" ") },
      },
      ...spec,
    };
    return window.vegaEmbed(place, full, { actions: false, renderer: "svg", ast: false });
  }

  const tickFormat = (format) => ({ share: ".1%", count: "~s", money: "~s", number: "~g" })[format];

  // Tiles --------------------------------------------------------------------------------------------

  const tiles = {
    figures(tile, body) {
      const compared = comparison(tile.data);
      const cards = tile.metrics.map((name) =>
        element("div", {}, element("dt", {}, named(name)), element("dd", {}, ...compared(name))));
      body.replaceChildren(element("dl", { class: "cards" }, ...cards));
    },

    chain(tile, body) {
      const compared = comparison(tile.data);
      const identity = identities[tile.identity];
      const factors = identity.factors.map((one) => (typeof one === "string" ? { metric: one } : one));
      // Days of a user are no users: beside a distinct count an amount is that of a day, too.
      const isDaily = factors.some((factor) => factor.metric && isDistinct(factor.metric));
      const box = (name, kind) => element("div", { class: kind },
        element("div", { class: "soft" }, named(name, isDaily)), ...compared(name, isDaily));
      const parts = [box(identity.result, "result"), element("span", { class: "sign" }, "=")];
      factors.forEach((factor, i) => {
        if (i) parts.push(element("span", { class: "sign" }, factor.divide ? "÷" : "×"));
        const scale = factor.constant || factor.scale;
        if (scale) parts.push(element("span", { class: "sign" }, String(scale)));
        if (scale && factor.metric) parts.push(element("span", { class: "sign" }, "×"));
        if (factor.metric) parts.push(box(factor.metric, "factor"));
      });
      body.replaceChildren(element("div", { class: "factors" }, ...parts));
    },

    series(tile, body, controls, key) {
      const metric = choice(controls, key, "metric", tile.metrics, label);
      const rows = rowsOf(tile.data);
      if (!rows.length) return body.replaceChildren(noRows());
      const groups = new Map();
      for (const row of rows) {
        const group = tile.by ? row[tile.by] : "";
        const place = `${row.day}\n${group}`;
        if (!groups.has(place)) groups.set(place, { day: row.day, group, rows: [] });
        groups.get(place).rows.push(row);
      }
      const format = formatOf(metric);
      const values = [...groups.values()]
        .map((one) => ({ day: one.day, on: one.day, group: one.group, value: valueOf(metric, one.rows, 1) }));
      const x = { field: "day", type: "temporal", title: null, timeUnit: "utcyearmonthdate", axis: { format: "%m-%d" } };
      const band = { field: "on", type: "ordinal", title: null,
        axis: { labelExpr: "slice(datum.value, 5)", labelAngle: 0, labelOverlap: true } };
      const y = { field: "value", type: "quantitative", title: null, axis: { format: tickFormat(format) } };
      const tooltip = [{ field: "on", type: "nominal", title: say("day") }, { field: "value", title: label(metric), format: ",.6~g" }];
      const spec = tile.by
        ? { mark: "bar", encoding: { x: band, y, color: { field: "group", title: null },
            tooltip: [...tooltip, { field: "group", title: say(tile.by) }] } }
        : { mark: { type: "line", point: { color: colour("--mark") }, color: colour("--mark") },
            encoding: { x, y: { ...y, scale: { zero: metrics[metric].family !== "ratio" } }, tooltip } };
      const columns = [
        { name: "day", label: say("day"), format: "date" },
        ...(tile.by ? [{ name: "group", label: say(tile.by), format: "text" }] : []),
        { name: "value", label: label(metric), format },
      ];
      const text = `${tile.title[state.lang]}: ${label(metric)}, ${state.from} – ${state.to}`;
      return draw(body, { data: { values }, ...spec }, text, columns, values);
    },

    waterfall(tile, body, controls, key) {
      const comparison = choice(controls, key, "comparison", tile.comparisons, say);
      const all = rowsOf(tile.data).filter((row) => row.comparison === comparison);
      const newest = all.reduce((day, row) => (row.day > day ? row.day : day), "");
      const rows = all.filter((row) => row.day === newest).sort((a, b) => a.position - b.position);
      if (!rows.length) return body.replaceChildren(noRows());
      const [base, now] = [rows[0].result_base, rows[0].result_now];
      const days = (first, length) => (length > 1 ? `${first} – ${shifted(first, length - 1)}` : first);
      const [old, fresh] = [days(rows[0].base_starts_on, rows[0].days_base), days(newest, rows[0].days_now)];
      const bars = [{ name: `${rows[0].base_starts_on} ${say("before")}`, from: 0, to: base, amount: base, kind: "total" }];
      let reached = base;
      for (const row of rows) {
        if (Math.abs(row.contribution) < 5e-7) continue;
        const effect = row.effect === "rate" ? "" : `, ${say(row.effect)}`;
        bars.push({ name: `${label(row.factor)}${effect}`, from: reached, to: reached + row.contribution,
          amount: row.contribution, kind: row.contribution < 0 ? "down" : "up" });
        reached += row.contribution;
      }
      bars.push({ name: `${newest} ${say("after")}`, from: 0, to: now, amount: now, kind: "total" });
      const order = bars.map((bar) => bar.name);
      const spec = {
        data: { values: bars },
        height: 32 * bars.length,
        encoding: { y: { field: "name", type: "nominal", sort: order, title: null, axis: { labelLimit: 150 } } },
        layer: [
          { mark: "bar", encoding: {
            x: { field: "from", type: "quantitative", title: null, axis: { format: "~s" } }, x2: { field: "to" },
            color: { field: "kind", legend: null, scale: { domain: ["total", "up", "down"],
              range: [colour("--total"), colour("--up"), colour("--down")] } },
            tooltip: [{ field: "name", title: say("factor") }, { field: "amount", title: say("contribution"), format: ",.6f" }],
          } },
        ],
      };
      const columns = [
        { name: "name", label: say("factor"), format: "text" },
        { name: "amount", label: say("contribution"), format: "money" },
      ];
      const moved = `${written(base, "money")} → ${written(now, "money")}`;
      body.dataset.base = base;
      body.dataset.now = now;
      const soFar = rows[0].is_to_date ? ` (${say("to_date")})` : "";
      const text = `${fresh}${soFar} ${say("held_against")} ${old}: ${moved}`;
      return draw(body, spec, text, columns, bars, text);
    },

    funnel(tile, body) {
      const rows = rowsOf(tile.data);
      if (!rows.length) return body.replaceChildren(noRows());
      const values = tile.stages.map((name) => valueOf(name, rows, daysBetween(state.from, state.to)));
      const most = Math.max(...values, 1);
      const stages = values.map((value, i) => {
        const before = i ? values[i - 1] : null;
        const rate = before ? `${written(value / before, "number")} ${say("of_stage_before")}` : "";
        const fill = element("div", { class: "fill" });
        fill.style.width = `${(100 * value) / most}%`;
        const shown = element("strong", { "data-metric": tile.stages[i], "data-value": value }, written(value, "count"));
        return element("li", {},
          element("div", { class: "words" }, element("span", {}, label(tile.stages[i])),
            element("span", {}, shown, element("span", { class: "soft" }, rate && ` · ${rate}`))),
          element("div", { class: "track", "aria-hidden": "true" }, fill));
      });
      return body.replaceChildren(element("ol", { class: "stages" }, ...stages));
    },

    bars(tile, body) {
      const sums = summed(rowsOf(tile.data), [tile.category], [tile.value]).filter((row) => row[tile.value] !== 0);
      if (!sums.length) return body.replaceChildren(noRows());
      sums.sort((a, b) => (tile.smallest_first ? a[tile.category] - b[tile.category] : b[tile.value] - a[tile.value]));
      const all = sums.map((row) => ({ name: String(row[tile.category] ?? "–"), value: row[tile.value] }));
      const shown = all.slice(0, tile.most);
      const left = all.length - shown.length;
      const spec = {
        data: { values: shown },
        height: 26 * shown.length,
        mark: { type: "bar", color: colour("--mark") },
        encoding: {
          y: { field: "name", type: "nominal", sort: shown.map((row) => row.name), title: null, axis: { labelLimit: 190 } },
          x: { field: "value", type: "quantitative", title: null, axis: { format: "~s" } },
          tooltip: [{ field: "name", title: tile.title[state.lang] }, { field: "value", title: say("value"), format: ",.6~g" }],
        },
      };
      const columns = [
        { name: "name", label: tile.title[state.lang], format: "text" },
        { name: "value", label: say("value"), format: tile.format },
      ];
      const rest = left > 0 ? `${left} ${say("more_values")}: ${written(sum(all.slice(tile.most), "value"), tile.format)}` : "";
      return draw(body, spec, tile.title[state.lang], columns, all, rest);
    },

    concentration(tile, body) {
      const sums = summed(rowsOf(tile.data), [tile.key], [tile.value])
        .sort((a, b) => b[tile.value] - a[tile.value]);
      const total = sum(sums, tile.value);
      if (!total) return body.replaceChildren(noRows());
      let reached = 0;
      const values = sums.map((row, i) => {
        reached += row[tile.value];
        return { rank: i + 1, name: row[tile.key], value: row[tile.value], share: reached / total };
      });
      const spec = {
        data: { values },
        mark: { type: "line", point: values.length < 60 && { color: colour("--mark") }, color: colour("--mark") },
        encoding: {
          x: { field: "rank", type: "quantitative", title: say("rank"), axis: { tickMinStep: 1 } },
          y: { field: "share", type: "quantitative", title: null, scale: { domain: [0, 1] }, axis: { format: ".0%" } },
          tooltip: [{ field: "rank", title: say("rank") }, { field: "name", title: tile.title[state.lang] },
            { field: "share", title: say("cumulative_share"), format: ".1%" }],
        },
      };
      const columns = [
        { name: "rank", label: say("rank"), format: "count" },
        { name: "name", label: tile.title[state.lang], format: "text" },
        { name: "value", label: say("value"), format: "money" },
        { name: "share", label: say("cumulative_share"), format: "share" },
      ];
      const told = [1, 5, 10].filter((n) => n < values.length)
        .map((n) => `${say("largest")} ${n} ${say("hold")} ${written(values[n - 1].share, "share")}`).join(" · ");
      return draw(body, spec, told || tile.title[state.lang], columns, values, told);
    },

    rows(tile, body) {
      let rows = rowsOf(tile.data);
      if (tile.is_summed) {
        rows = summed(rows, tile.columns.filter((column) => !isNumber(column)).map((column) => column.name),
          tile.columns.filter(isNumber).map((column) => column.name));
      }
      if (tile.order_by) rows = [...rows].sort((a, b) => b[tile.order_by] - a[tile.order_by]);
      if (!rows.length) return body.replaceChildren(noRows(tile.empty && tile.empty[state.lang]));
      const columns = tile.columns.map((column) => ({ ...column, label: column.label[state.lang] }));
      const left = rows.slice(tile.most);
      const title = tile.title[state.lang];
      return body.replaceChildren(tableOf(columns, rows.slice(0, tile.most), title),
        left.length ? unfolded(`${left.length} ${say("more_rows")}`, columns, left, title) : "");
    },
  };

  function summed(rows, keys, values) {
    const groups = new Map();
    for (const row of rows) {
      const key = JSON.stringify(keys.map((name) => row[name]));
      if (!groups.has(key)) groups.set(key, []);
      groups.get(key).push(row);
    }
    return [...groups.values()].map((group) => ({
      ...Object.fromEntries(keys.map((name) => [name, group[0][name]])),
      ...Object.fromEntries(values.map((name) => [name, sum(group, name)])),
    }));
  }

  function choice(controls, key, word, values, told) {
    const select = controls.querySelector("select") || element("select");
    if (!values.includes(state.chosen[key])) state.chosen[key] = values[0];
    if (values.length > 1) {
      select.replaceChildren(...values.map((value) => element("option", { value }, told(value))));
      select.value = state.chosen[key];
      select.onchange = () => { state.chosen[key] = select.value; render(); };
      if (!select.isConnected) controls.append(element("label", {}, element("span"), select));
      controls.querySelector("span").textContent = say(word);
    }
    return state.chosen[key];
  }

  // The page -----------------------------------------------------------------------------------------

  function valuesOfFilter(filter) {
    const found = new Set();
    for (const [name, dataset] of Object.entries(page.data)) {
      const column = dataset.filters[filter];
      for (const row of rowsOfData[name]) {
        if (column && row[column] !== WHOLE) found.add(row[column]);
        if (dataset.is_sliced && row.dimension === filter) found.add(row.dimension_value);
      }
    }
    return [...found].filter((value) => value !== null).sort();
  }

  function fillFilters() {
    for (const select of document.querySelectorAll("[data-filter]")) {
      const values = ["", ...valuesOfFilter(select.dataset.filter)];
      select.replaceChildren(...values.map((value) => element("option", { value }, value || say("all"))));
      select.value = state.filters[select.dataset.filter] || "";
    }
  }

  function rememberInAddress() {
    const said = new URLSearchParams({ lang: state.lang, from: state.from, to: state.to });
    for (const [filter, value] of Object.entries({ ...state.carried, ...state.filters })) if (value) said.set(filter, value);
    for (const link of document.querySelectorAll("nav a")) link.hash = said.toString();
    for (const [key, value] of Object.entries(state.chosen)) said.set(`tile${key}`, value);
    history.replaceState(null, "", `#${said}`);
  }

  function readAddress() {
    const said = new URLSearchParams(location.hash.slice(1));
    const isDay = (text) => /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(text)) && shifted(text, 0) === text;
    // Days beyond those that the page holds become the nearest that it holds; what is no day, the usual ones.
    const held = (day) => (day < publication.first_day ? publication.first_day
      : day > publication.last_day ? publication.last_day : day);
    const [from, to] = [said.get("from") || "", said.get("to") || ""];
    const given = said.get("lang") || (navigator.language.startsWith("zh") ? "zh" : "en");
    state.lang = given === "zh" ? "zh" : "en";
    state.to = isDay(to) ? held(to) : publication.last_day;
    state.from = isDay(from) ? held(from) : held(shifted(state.to, -6));
    if (state.from > state.to) state.from = state.to;
    state.isTaken = (!from || from === state.from) && (!to || to === state.to);
    state.filters = {};
    state.carried = {};
    for (const filter of allFilters) {
      const value = said.get(filter) || "";
      if (!page.filters.includes(filter)) {
        // For the pages that have it.
        state.carried[filter] = value;
        continue;
      }
      const hasOne = isSliced && Object.values(state.filters).some(Boolean);
      state.filters[filter] = value && !hasOne && valuesOfFilter(filter).includes(value) ? value : "";
      state.isTaken &&= state.filters[filter] === value;
    }
    page.tiles.forEach((_, key) => { if (said.has(`tile${key}`)) state.chosen[key] = said.get(`tile${key}`); });
  }

  async function render() {
    document.documentElement.lang = state.lang;
    document.title = `${page.title[state.lang]} · tributary`;
    document.querySelector("nav").setAttribute("aria-label", say("pages"));
    byId("filters").setAttribute("aria-label", say("filters"));
    fillFilters();
    byId("from").value = state.from;
    byId("to").value = state.to;
    const slice = page.filters.length ? ` · ${Object.values(state.filters).filter(Boolean).join(", ") || say("all")}` : "";
    byId("chosen").textContent = `${state.from} – ${state.to}${slice}`;
    byId("not-taken").hidden = state.isTaken;
    byId("not-taken").textContent = state.isTaken ? "" : say("not_taken");
    byId("publication").textContent =
      `${say("publication")}: ${publication.run_id}, ${publication.made_at} · ${publication.currency}`;
    rememberInAddress();
    const drawn = page.tiles.map((tile, i) => {
      const section = document.querySelector(`[data-tile="${i}"]`);
      const body = section.querySelector(".body");
      if (data[tile.data].is_missing) return body.replaceChildren(noRows(say("not_published")));
      return tiles[tile.kind](tile, body, section.querySelector(".controls"), i);
    });
    await Promise.all(drawn);
    document.documentElement.dataset.drawn = String(Number(document.documentElement.dataset.drawn || 0) + 1);
    document.documentElement.dataset.readyMs ??= String(Math.round(performance.now()));
  }

  function listen() {
    byId("language").onclick = () => { state.lang = state.lang === "en" ? "zh" : "en"; render(); };
    for (const [id, other, isWrong] of [["from", "to", (a, b) => a > b], ["to", "from", (a, b) => a < b]]) {
      const input = byId(id);
      input.min = publication.first_day;
      input.max = publication.last_day;
      let isTyping = false;
      const take = () => {
        isTyping = false;
        if (input.value === state[id]) return;
        if (!input.value || !input.validity.valid) { input.value = state[id]; return; }
        state[id] = input.value;
        if (isWrong(state[id], state[other])) state[other] = state[id];
        render();
      };
      // While digits are typed a date passes through others: it is taken when the field is left.
      input.onkeydown = (event) => { if (event.key === "Enter") take(); else if (event.key !== "Tab") isTyping = true; };
      input.onpointerdown = () => { isTyping = false; };
      input.onchange = () => { if (!isTyping) take(); };
      input.onblur = take;
    }
    for (const button of document.querySelectorAll("[data-days]")) {
      button.onclick = () => {
        const days = Number(button.dataset.days);
        state.to = publication.last_day;
        state.from = days ? shifted(state.to, 1 - days) : publication.first_day;
        if (state.from < publication.first_day) state.from = publication.first_day;
        render();
      };
    }
    for (const select of document.querySelectorAll("[data-filter]")) {
      select.onchange = () => {
        if (isSliced) for (const filter of page.filters) state.filters[filter] = "";
        state.filters[select.dataset.filter] = select.value;
        render();
      };
    }
    byId("filters").onsubmit = (event) => event.preventDefault();
    document.querySelector(".skip").onclick = (event) => { event.preventDefault(); byId("figures").focus(); };
    window.addEventListener("hashchange", () => { readAddress(); render(); });
    window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", render);
  }

  readAddress();
  listen();
  render();
})();

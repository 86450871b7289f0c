"""A tiny platform, row by row: a search request with two ads, a click, an order, a charge."""

import csv
from pathlib import Path

Row = dict[str, str]
Tables = dict[str, list[Row]]


def tiny_platform() -> Tables:
    """Rows by table; every one of them is good. Change, add or remove what a test is about."""
    arrival = "2026-10-19 03:00:00"
    impression = {
        "request_id": "r1",
        "impressed_at": "2026-10-19 01:00:01",
        "result_id": "ad1",
        "is_commercial": "true",
        "advertiser_id": "adv1",
        "campaign_id": "c1",
        "creative_id": "k1",
        "pricing_model": "cpc",
        "bid_micros": "1000000",
        "predicted_ctr": "0.1",
        "predicted_cvr": "0.1",
        "ingested_at": arrival,
    }
    return {
        "requests": [
            {
                "request_id": "r1",
                "requested_at": "2026-10-19 01:00:00",
                "user_id": "u1",
                "device_id": "d1",
                "surface": "search",
                "entry_point": "query",
                "app_id": "main",
                "region_code": "CN-BJ",
                "country_code": "CN",
                "device_type": "phone",
                "results_returned": "10",
                "commercial_results_returned": "2",
                "ingested_at": arrival,
            }
        ],
        "impressions": [
            {"impression_id": "i1", **impression, "position": "1"},
            {"impression_id": "i2", **impression, "position": "2"},
        ],
        "clicks": [
            {
                "click_id": "k1",
                "impression_id": "i1",
                "clicked_at": "2026-10-19 01:00:09",
                "is_invalid": "false",
                "invalid_reason": "",
                "ingested_at": arrival,
            }
        ],
        "actions": [
            {
                "action_id": "a1",
                "click_id": "k1",
                "user_id": "u1",
                "advertiser_id": "adv1",
                "acted_at": "2026-10-19 02:00:00",
                "action_type": "order",
                "action_value_micros": "25000000",
                "currency": "CNY",
                "ingested_at": arrival,
            }
        ],
        "charges": [
            {
                "charge_id": "h1",
                "charged_event": "click",
                "event_id": "k1",
                "advertiser_id": "adv1",
                "charged_at": "2026-10-19 01:00:10",
                "amount_micros": "1500000",
                "currency": "CNY",
                "original_charge_id": "",
                "ingested_at": arrival,
            }
        ],
    }


def write_platform(tables: Tables, folder: Path) -> Path:
    """Write the tables as CSV in the layout of an events folder; returns the folder."""
    (folder / "events").mkdir(parents=True, exist_ok=True)
    for table, rows in tables.items():
        with (folder / "events" / f"{table}.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, fieldnames=list(tiny_platform()[table][0]))
            writer.writeheader()
            writer.writerows(rows)
    return folder


def write_reference(folder: Path, table: str, rows: list[Row]) -> None:
    """Write one reference table as CSV."""
    (folder / "reference").mkdir(parents=True, exist_ok=True)
    with (folder / "reference" / f"{table}.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)

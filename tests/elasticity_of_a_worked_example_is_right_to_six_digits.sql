-- Revenue on spend, i = 0 to 25: spend = 1000 + 150 · (37 i mod 13), revenue = 40 · spend^0.62 ·
-- (1 + ((29 i mod 9) - 4) / 100), rounded to four places. The figures below are those of a
-- reference implementation of least squares; the marginal return is the elasticity times the
-- average one.
with numbers as (

    select {{ each_number_to(26) }} as n

),

spent as (

    select
        1000e0 + 150e0 * mod(37 * (n - 1), 13) as spend,
        40e0 * power(1000e0 + 150e0 * mod(37 * (n - 1), 13), 0.62e0)
        * (1e0 + (mod(29 * (n - 1), 9) - 4) / 100e0) as exact_revenue
    from numbers

),

earned as (

    select
        spend,
        floor(exact_revenue * 1e4 + 0.5e0) / 1e4 as revenue
    from spent

),

sums as (

    select
        {{ regression_sums(
            'ln(case when revenue > 0 then revenue end)', 'ln(case when spend > 0 then spend end)'
        ) | indent(8) }},
        {{ ratio('sum(revenue)', 'sum(spend)') }} as average_return
    from earned

),

measured as (

    select
        n,
        {{ slope() }} as elasticity,
        {{ slope_standard_error() | indent(8) }} as standard_error,
        {{ slope_r_squared() | indent(8) }} as r_squared,
        average_return
    from sums

)

select *
from measured
where
    (
        n = 26
        and abs(elasticity - 0.627275e0) < 5e-7
        and abs(standard_error - 0.016502e0) < 5e-7
        and abs(r_squared - 0.983662e0) < 5e-7
        and abs(average_return - 2.244435e0) < 5e-7
        and abs(elasticity * average_return - 1.407879e0) < 5e-7
    ) is not true

{#- Tests over the days of a relation. -#}

{#- No day is missing between the first and the last, for each value of `each`. -#}
{% test no_day_is_missing(model, day, each=none, where=none) %}
    with days as (

        select distinct
            {{ each or "'(all)'" }} as series,
            {{ day }} as day
        from {{ model }}
        where {{ where or 'true' }}

    ),

    bounds as (

        select
            min(day) as first_day,
            max(day) as last_day
        from days

    ),

    series as (

        select distinct series from days

    ),

    expected as (

        select
            series.series,
            {{ each_day('first_day', 'last_day') }} as day
        from bounds
        cross join series

    ),

    missing as (

        select expected.*
        from expected
        left join days
            on expected.series is not distinct from days.series and expected.day = days.day
        where days.day is null

    )

    select * from missing
{% endtest %}


{#- A day's volume stays within a multiple of the median of the same weekday within four weeks of it, in
    its series. With fewer than three such days there is no season to be held against. -#}
{% test volume_is_in_season(model, day, volume, each=none, where=none) %}
    with volumes as (

        select
            {{ each or "'(all)'" }} as series,
            {{ day }} as day,
            {{ weekday_of(day) }} as weekday,
            cast(sum({{ volume }}) as double) as volume
        from {{ model }}
        where {{ where or 'true' }}
        group by 1, 2, 3

    ),

    seasons as (

        select
            volumes.series,
            volumes.day,
            volumes.volume,
            median(others.volume) as usual,
            count(*) as days
        from volumes
        inner join volumes as others
            on
                volumes.series is not distinct from others.series
                and volumes.weekday = others.weekday
                and abs({{ days_between('volumes.day', 'others.day') }}) <= 28
        group by volumes.series, volumes.day, volumes.volume

    ),

    out_of_season as (

        select *
        from seasons
        where
            days >= 3
            and (
                volume < {{ var('volume_floor') }} * usual
                or volume > {{ var('volume_ceiling') }} * usual
            )

    )

    select * from out_of_season
{% endtest %}

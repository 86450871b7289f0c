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
            cast(unnest(generate_series(first_day, last_day, interval '1 day')) as date) as day
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


{#- A day's volume stays within a multiple of the median of the same weekday in its series. A series
    with fewer than three such days has no season to be held against. -#}
{% test volume_is_in_season(model, day, volume, each=none, where=none) %}
    with volumes as (

        select
            {{ each or "'(all)'" }} as series,
            {{ day }} as day,
            isodow({{ day }}) as weekday,
            cast(sum({{ volume }}) as double) as volume
        from {{ model }}
        where {{ where or 'true' }}
        group by 1, 2, 3

    ),

    seasons as (

        select
            series,
            weekday,
            median(volume) as usual,
            count(*) as days
        from volumes
        group by series, weekday

    ),

    out_of_season as (

        select
            volumes.*,
            seasons.usual
        from volumes
        inner join seasons
            on
                volumes.series is not distinct from seasons.series
                and volumes.weekday = seasons.weekday
        where
            seasons.days >= 3
            and (
                volumes.volume < {{ var('volume_floor') }} * seasons.usual
                or volumes.volume > {{ var('volume_ceiling') }} * seasons.usual
            )

    )

    select * from out_of_season
{% endtest %}

-- Grain: one row per click. The first on an impression that is not invalid is the valid one.
select
    click_id,
    impression_id,
    is_invalid,
    case
        when is_invalid then 'invalid'
        when
            row_number() over (
                partition by impression_id, is_invalid
                order by clicked_at, click_id
            ) = 1
            then 'valid'
        else 'repeated'
    end as click_role
from ({{ latest('clicks', 'click_id') }}) as delivered

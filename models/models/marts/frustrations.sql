{%- set kinds = {
    'rage': 'rage_count', 'dead': 'dead_count', 'unresponsive': 'unresponsive_count', 'crash': 'crash_count',
    'freeze': 'freeze_count',
} -%}

with counted as (
    {%- for kind, column in kinds.items() %}
    {{ 'union all' if not loop.first }}
    select session_key, '{{ kind }}' as kind, {{ column }} as occurrences
    from {{ ref('sessions') }}
    where {{ column }} > 0
    {%- endfor %}
),

{#- Only UXCam's older API tells on which screen a tap was. -#}
located as (
    select session_key, 'rage' as kind, screen as page, count(*) as occurrences
    from {{ ref('stg_uxcam_session_api__gestures') }}
    where is_rage and screen is not null
    group by session_key, screen
    union all
    select session_key, 'unresponsive', screen, count(*)
    from {{ ref('stg_uxcam_session_api__gestures') }}
    where is_unresponsive and screen is not null
    group by session_key, screen
),

sums as (
    select session_key, kind, sum(occurrences) as occurrences
    from located
    group by session_key, kind
),

{#- What a session counts and no page explains is kept without a page. -#}
all_of_them as (
    select session_key, kind, page, occurrences from located
    union all
    select
        counted.session_key,
        counted.kind,
        {{ session_analytics.nothing('text') }},
        counted.occurrences - coalesce(sums.occurrences, 0)
    from counted
    left join sums on sums.session_key = counted.session_key and sums.kind = counted.kind
    where counted.occurrences > coalesce(sums.occurrences, 0)
)

select
    {{ session_analytics.key(['all_of_them.session_key', 'all_of_them.kind', "coalesce(all_of_them.page, '')"]) }}
        as frustration_key,
    all_of_them.session_key,
    sessions.vendor,
    sessions.user_key,
    sessions.started_on,
    all_of_them.kind,
    all_of_them.page,
    cast(all_of_them.occurrences as {{ session_analytics.type_of('integer') }}) as occurrences
from all_of_them
left join {{ ref('sessions') }} as sessions on sessions.session_key = all_of_them.session_key

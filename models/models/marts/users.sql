with seen as (
    select
        user_key,
        vendor,
        user_id,
        app_user_id,
        user_kind,
        started_at,
        case
            when user_first_seen_at < started_at or started_at is null then user_first_seen_at else started_at
        end as first_seen_at,
        coalesce(ended_at, started_at) as last_seen_at,
        duration_seconds,
        country_code,
        app_platform,
        1 as sessions
    from {{ ref('sessions') }}
    where user_key is not null
    union all
    select
        user_key,
        'uxcam',
        user_id,
        app_user_id,
        case when app_user_id is null then 'anonymous' else 'identified' end,
        {{ session_analytics.nothing('timestamp') }},
        coalesce(registered_at, last_seen_at),
        last_seen_at,
        {{ session_analytics.nothing('number') }},
        {{ session_analytics.nothing('text') }},
        {{ session_analytics.nothing('text') }},
        0
    from {{ ref('stg_uxcam_data_access_v2__users') }}
),

newest as (
    select
        user_key,
        country_code,
        app_platform,
        row_number() over (partition by user_key order by started_at desc, session_key) as position
    from {{ ref('sessions') }}
    where user_key is not null and started_at is not null
),

totals as (
    select
        user_key,
        max(vendor) as vendor,
        max(user_id) as user_id,
        max(app_user_id) as app_user_id,
        {#- Anybody who was identified once is: the kinds are in this order. -#}
        case
            when sum(case when user_kind = 'identified' then 1 else 0 end) > 0 then 'identified'
            when sum(case when user_kind = 'unknown' then 1 else 0 end) > 0 then 'unknown'
            else 'anonymous'
        end as user_kind,
        min(first_seen_at) as first_seen_at,
        max(last_seen_at) as last_seen_at,
        min(started_at) as first_session_at,
        sum(sessions) as session_count,
        sum(duration_seconds) as duration_seconds
    from seen
    group by user_key
)

select
    totals.user_key,
    totals.vendor,
    totals.user_id,
    totals.app_user_id,
    totals.user_kind,
    totals.first_seen_at,
    {{ session_analytics.utc_date('totals.first_seen_at') }} as first_seen_on,
    totals.last_seen_at,
    totals.first_session_at,
    cast(totals.session_count as {{ session_analytics.type_of('integer') }}) as session_count,
    totals.duration_seconds,
    newest.country_code,
    newest.app_platform
from totals
left join newest on newest.user_key = totals.user_key and newest.position = 1

{%- set columns = [
    'vendor', 'source_schema', 'account_part', 'session_id', 'user_key', 'user_id', 'app_user_id', 'user_kind',
    'user_first_seen_at', 'started_at', 'ended_at', 'duration_seconds', 'country_code', 'app_platform', 'page_count',
    'app_version', 'operating_system', 'browser', 'device', 'entry_url', 'exit_url', 'replay_url', 'rage_count',
    'dead_count', 'unresponsive_count', 'crash_count', 'freeze_count', 'loaded_at',
] -%}

{#- UXCam has two APIs. A session that was read from both is one row: the newer API's values first. -#}
with uxcam as (
    select
        coalesce(newer.session_key, older.session_key) as session_key,
        {%- for column in columns %}
        coalesce(newer.{{ column }}, older.{{ column }}) as {{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('stg_uxcam_data_access_v2__sessions') }} as newer
    full outer join {{ ref('stg_uxcam_session_api__sessions') }} as older
        on newer.session_key = older.session_key
),

all_vendors as (
    select session_key, {{ columns | join(', ') }} from uxcam
    {%- for vendor in ['browsee', 'devrev', 'inspectlet', 'opentracker'] %}
    union all
    select session_key, {{ columns | join(', ') }} from {{ ref('stg_' ~ vendor ~ '__sessions') }}
    {%- endfor %}
)

select
    session_key,
    vendor,
    account_part,
    session_id,
    user_key,
    user_id,
    app_user_id,
    user_kind,
    user_first_seen_at,
    started_at,
    ended_at,
    {{ session_analytics.utc_date('started_at') }} as started_on,
    duration_seconds,
    country_code,
    app_platform,
    app_version,
    operating_system,
    browser,
    device,
    page_count,
    {{ session_analytics.page_of('entry_url') }} as entry_page,
    {{ session_analytics.page_of('exit_url') }} as exit_page,
    replay_url,
    rage_count,
    dead_count,
    unresponsive_count,
    crash_count,
    freeze_count,
    source_schema,
    loaded_at
from all_vendors

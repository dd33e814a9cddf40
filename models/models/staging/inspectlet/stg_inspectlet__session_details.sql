with source as (
    {{ session_analytics.stream('inspectlet', 'session_details', ['wid', 'session_id'], {
        'wid': 'integer',
        'session_id': 'text',
        'started_at': 'timestamp',
        'ended_at': 'timestamp',
        'duration_seconds': 'number',
        'page_count': 'integer',
        'sessionlink': 'text',
    }) }}
)

select
    {{ session_analytics.key(["'inspectlet'", 'wid', 'session_id']) }} as session_key,
    source_schema,
    started_at,
    ended_at,
    duration_seconds,
    page_count,
    nullif(sessionlink, '') as replay_url,
    loaded_at
from source

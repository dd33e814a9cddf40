with source as (
    {{ session_analytics.stream('browsee', 'segment_sessions', ['segment_id', 'session_id'], {
        'segment_id': 'text',
        'session_id': 'text',
        'started_at': 'timestamp',
    }) }}
)

select
    {{ session_analytics.key(["'browsee'", 'session_id']) }} as session_key,
    {{ session_analytics.key(["'browsee'", 'segment_id', 'session_id']) }} as segment_session_key,
    source_schema,
    segment_id,
    started_at as session_started_at,
    loaded_at
from source

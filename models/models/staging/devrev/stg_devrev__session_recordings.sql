with source as (
    {{ session_analytics.stream(
        'devrev', 'session_recordings', ['version_key', 'app_platform', 'session_id', 'recording_id'], {
        'version_key': 'text',
        'app_platform': 'text',
        'session_id': 'text',
        'recording_id': 'text',
        'recording_index': 'integer',
        'recording_kind': 'text',
        'created_at': 'timestamp',
    }) }}
)

select
    {{ session_analytics.key(["'devrev'", 'version_key', 'app_platform', 'session_id']) }} as session_key,
    {{ session_analytics.key(["'devrev'", 'version_key', 'app_platform', 'session_id', 'recording_id']) }}
        as recording_key,
    source_schema,
    recording_id,
    recording_index,
    recording_kind,
    created_at as session_started_at,
    loaded_at
from source

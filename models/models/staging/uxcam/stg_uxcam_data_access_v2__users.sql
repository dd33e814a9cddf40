with source as (
    {{ session_analytics.stream('uxcam_data_access_v2', 'users', ['uxcam_user_id'], {
        'uxcam_user_id': 'text',
        'userId': 'text',
        'last_seen_at': 'timestamp',
        'usage': 'json',
    }) }}
)

select
    {{ session_analytics.key(["'uxcam'", 'uxcam_user_id']) }} as user_key,
    source_schema,
    uxcam_user_id as user_id,
    nullif(userid, '') as app_user_id,
    {{ session_analytics.text_to_timestamp(session_analytics.json_text('usage_json', ['registeredOn'])) }}
        as registered_at,
    last_seen_at,
    loaded_at
from source

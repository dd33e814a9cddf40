with source as (
    {{ session_analytics.stream('inspectlet', 'websites', ['wid'], {
        'wid': 'integer',
        'site_name': 'text',
        'website_added_at': 'timestamp',
    }) }}
)

select
    {{ session_analytics.key(["'inspectlet'", 'wid']) }} as website_key,
    source_schema,
    wid,
    site_name,
    website_added_at,
    loaded_at
from source

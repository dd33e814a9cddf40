-- The model has the sessions of the sources, per vendor: counted from the loaders' tables, not from staging.
{%- set keys = {
    'browsee': ['session_id'],
    'devrev': ['version_key', 'app_platform', 'session_id'],
    'inspectlet': ['wid', 'session_id'],
    'opentracker': ['site', 'session_id'],
    'uxcam_session_api': ['session_id'],
    'uxcam_data_access_v2': ['session_id'],
} -%}
{%- set selects = [] -%}
{%- for connection, key in keys.items() -%}
    {%- for relation in session_analytics.stream_relations(connection, 'sessions') -%}
        {%- set expected = {} -%}
        {%- for name in key -%}{%- do expected.update({name: 'text'}) -%}{%- endfor -%}
        {%- set found = session_analytics.columns_of(relation, expected) -%}
        {%- set names = [] -%}
        {%- for name in key -%}{%- do names.append(adapter.quote(found[name].name)) -%}{%- endfor -%}
        {%- do selects.append(
            "select '" ~ connection.split('_')[0] ~ "' as vendor, " ~ session_analytics.key(names) ~ " as session_key from "
            ~ relation
        ) -%}
    {%- endfor -%}
{%- endfor %}
with in_sources as (
    select vendor, count(distinct session_key) as sessions
    from (
        {{ selects | join(' union all ') or "select '' as vendor, '' as session_key from (select 1 as nothing) as no_table where 1 = 0" }}
    ) as keys
    group by vendor
),

in_model as (
    select vendor, count(*) as sessions from {{ ref('sessions') }} group by vendor
)

select in_sources.vendor, in_sources.sessions as in_sources, in_model.vendor as in_model_vendor, in_model.sessions as in_model
from in_sources
full outer join in_model on in_model.vendor = in_sources.vendor
where coalesce(in_sources.sessions, 0) <> coalesce(in_model.sessions, 0)

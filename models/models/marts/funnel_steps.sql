{%- set steps = [] -%}
{%- for step in var('funnel_steps') -%}
    {%- do steps.append({'name': step.name, 'where': "lower(page) like '" ~ step.page | lower | replace("'", "''") ~ "'"}) -%}
{%- endfor -%}
{{ session_analytics.funnel(ref('session_pages'), steps, subject='session_key', ordering='page_index') }}

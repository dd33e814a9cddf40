{# Every key of the stream's tables is one row of the staging model. Counted from the tables, not from the model. #}
{% test complete(model, connection, stream, key) %}
{%- set expected = {} -%}
{%- for name in key -%}{%- do expected.update({name: 'text'}) -%}{%- endfor -%}
{%- set relations = session_analytics.stream_relations(connection, stream) -%}
with keys as (
    {%- for relation in relations %}
    {%- set found = session_analytics.columns_of(relation, expected) %}
    {{ 'union all' if not loop.first }}
    select {% for name in key %}{{ adapter.quote(found[name].name) }} as key_{{ loop.index }}{{ ', ' if not loop.last }}{% endfor %}
    from {{ relation }}
    {%- else %}
    select {% for name in key %}1 as key_{{ loop.index }}{{ ', ' if not loop.last }}{% endfor %}
    from (select 1 as nothing) as no_table
    where 1 = 0
    {%- endfor %}
),

in_tables as (
    select count(*) as amount
    from (select distinct {% for name in key %}key_{{ loop.index }}{{ ', ' if not loop.last }}{% endfor %} from keys) as rows_of_tables
),

in_model as (
    select count(*) as amount from {{ model }}
)

select in_tables.amount as in_tables, in_model.amount as in_model
from in_tables
cross join in_model
where in_tables.amount <> in_model.amount
{% endtest %}

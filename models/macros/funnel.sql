{#
    How many subjects reach each step of a funnel, each step with the one before it or later.

    relation: rows with something that happened: ref('session_pages'), ref('session_events').
    steps: a list of {name, where}, `where` a condition on the relation's columns.
    subject: what is counted: session_key, or user_key for funnels over several sessions.
    ordering: what says which row came later: page_index within a session, event_at or entered_at across sessions.

    Returns a query with step_number, step, reached, share_of_first and share_of_previous.
#}
{% macro funnel(relation, steps, subject='session_key', ordering='event_at') %}
with
{%- for step in steps %}
step_{{ loop.index }} as (
    select happened.{{ subject }} as subject, min(happened.{{ ordering }}) as reached_at
    from {{ relation }} as happened
    {%- if not loop.first %}
    inner join step_{{ loop.index - 1 }} as earlier
        on earlier.subject = happened.{{ subject }} and happened.{{ ordering }} >= earlier.reached_at
    {%- endif %}
    where happened.{{ subject }} is not null and happened.{{ ordering }} is not null and ({{ step.where }})
    group by happened.{{ subject }}
),
{%- endfor %}

counts as (
    {%- for step in steps %}
    {{ 'union all' if not loop.first }}
    select {{ loop.index }} as step_number, '{{ step.name | replace("'", "''") }}' as step, count(*) as reached
    from step_{{ loop.index }}
    {%- endfor %}
)

select
    step_number,
    step,
    reached,
    cast(reached as {{ session_analytics.type_of('number') }}) / nullif(first_value(reached) over (order by step_number), 0) as share_of_first,
    cast(reached as {{ session_analytics.type_of('number') }}) / nullif(lag(reached) over (order by step_number), 0) as share_of_previous
from counts
{% endmacro %}

{# The newest row was loaded within the hours of the variable fresh_within_hours. A model without rows is passed. #}
{% test fresh(model) %}
{{ config(severity='warn') }}
select newest
from (select max(loaded_at) as newest from {{ model }}) as loaded
where newest < {{ session_analytics.seconds_after('current_timestamp', '-3600 * ' ~ var('fresh_within_hours')) }}
{% endtest %}

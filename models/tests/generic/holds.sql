{# A condition holds in each row; a row in which it is null is passed. #}
{% test holds(model, condition, column_name=none) %}
select *
from {{ model }}
where not ({{ condition }})
{% endtest %}

{# Two expressions, each summed over a model, agree per vendor. #}
{% test same_total(model, expression, other, other_expression, where='1 = 1', other_where='1 = 1') %}
with totals as (
    select vendor, sum({{ expression }}) as total from {{ model }} where {{ where }} group by vendor
),

others as (
    select vendor, sum({{ other_expression }}) as total from {{ other }} where {{ other_where }} group by vendor
)

select totals.vendor, others.vendor as other_vendor, totals.total, others.total as other_total
from totals
full outer join others on others.vendor = totals.vendor
where abs(coalesce(totals.total, 0) - coalesce(others.total, 0)) > 0.001
{% endtest %}

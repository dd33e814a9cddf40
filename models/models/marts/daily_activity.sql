with frustrated as (
    select session_key, sum(occurrences) as frustrations
    from {{ ref('frustrations') }}
    group by session_key
)

select
    {{ session_analytics.key(['sessions.vendor', 'sessions.started_on']) }} as activity_key,
    sessions.started_on as activity_on,
    sessions.vendor,
    count(*) as sessions,
    count(distinct sessions.user_key) as users,
    count(distinct case when users.first_seen_on = sessions.started_on then sessions.user_key end) as new_users,
    sum(case when sessions.user_key is null then 1 else 0 end) as sessions_without_user,
    sum(sessions.duration_seconds) as duration_seconds,
    sum(sessions.page_count) as pages,
    sum(coalesce(frustrated.frustrations, 0)) as frustrations,
    sum(case when sessions.crash_count > 0 then 1 else 0 end) as crashed_sessions
from {{ ref('sessions') }} as sessions
left join {{ ref('users') }} as users on users.user_key = sessions.user_key
left join frustrated on frustrated.session_key = sessions.session_key
where sessions.started_on is not null
group by sessions.started_on, sessions.vendor

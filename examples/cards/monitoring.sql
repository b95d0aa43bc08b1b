-- What operators ask of the application's table, the same with any worker.

-- Jobs by status.
select "status", count(*) from "TtsJob" group by "status" order by "status";

-- Completed in the last 24 hours.
select count(*) from "TtsJob"
where "status" = 'completed' and "completedAt" > now() - interval '24 hours';

-- The failure rate of the jobs of the last 24 hours, in percent.
select round(100.0 * count(*) filter (where "status" = 'failed') / nullif(count(*), 0), 1) as failed_percent
from "TtsJob"
where "createdAt" > now() - interval '24 hours';

-- Jobs that no worker has touched for ten minutes.
select "id", "processedCount", "totalPhrases", "startedAt" from "TtsJob"
where "status" = 'processing' and "startedAt" < (now() at time zone 'UTC') - interval '10 minutes';

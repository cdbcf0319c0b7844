-- Spark SQL, for a Parquet archive. Spark skips files and folders that begin with _, and finds months by their folders.
-- Declared columns go between alerts and source, in their order: string, bigint for int64, double, boolean, timestamp.
-- With `partition-by: day`, replace month by day.
SET spark.sql.session.timeZone = UTC;

CREATE TEMPORARY VIEW messages (
  message_id string,
  timestamp timestamp,
  alert_count int,
  alerts array<struct<alert_id: string, status: string>>,
  source string,
  read_at timestamp,
  payload_sha256 string,
  payload string,
  month string
)
USING parquet
OPTIONS (path 's3a://company-archive/messages');

-- Spark reads only the months that a query selects.
SELECT message_id, timestamp, get_json_object(payload, '$.subject') AS subject
FROM messages
WHERE month = '2024-06' AND timestamp >= '2024-06-03';

SELECT alert.status, count(*) AS alerts, count(DISTINCT message_id) AS messages
FROM messages LATERAL VIEW explode(alerts) AS alert
GROUP BY alert.status
ORDER BY alerts DESC;

-- Evidence that every payload is what was read: the count is 0.
SELECT count(*) AS damaged FROM messages WHERE sha2(payload, 256) <> payload_sha256;

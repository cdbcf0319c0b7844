-- Athena, for a Parquet archive with `partition-by: month`. Athena runs one statement at a time. Set your bucket and
-- prefix in both places, and the first month of the archive in the range. Declared columns go between alerts and
-- source, in their order: string, bigint for int64, double, boolean, timestamp. Partition projection finds new months
-- without ALTER TABLE.
CREATE EXTERNAL TABLE messages (
  message_id string,
  `timestamp` timestamp,
  alert_count int,
  alerts array<struct<alert_id: string, status: string>>,
  source string,
  read_at timestamp,
  payload_sha256 string,
  payload string
)
PARTITIONED BY (month string)
STORED AS PARQUET
LOCATION 's3://company-archive/messages/'
TBLPROPERTIES (
  'projection.enabled' = 'true',
  'projection.month.type' = 'date',
  'projection.month.format' = 'yyyy-MM',
  'projection.month.range' = '2015-01,NOW',
  'projection.month.interval' = '1',
  'projection.month.interval.unit' = 'MONTHS',
  'storage.location.template' = 's3://company-archive/messages/month=${month}/'
);

-- Athena reads only the months that a query selects.
SELECT message_id, "timestamp", json_extract_scalar(payload, '$.subject') AS subject
FROM messages
WHERE month BETWEEN '2024-05' AND '2024-06' AND "timestamp" >= TIMESTAMP '2024-05-17 00:00:00';

SELECT alert.status, count(*) AS alerts, count(DISTINCT message_id) AS messages
FROM messages CROSS JOIN UNNEST(alerts) AS each (alert)
WHERE month = '2024-06'
GROUP BY alert.status;

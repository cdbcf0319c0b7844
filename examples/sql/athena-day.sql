-- Athena, for a Parquet archive with `partition-by: day`. Athena runs one statement at a time. Set your bucket and
-- prefix in both places, and the first day of the archive in the range. Declared columns go between alerts and source,
-- in their order: string, bigint for int64, double, boolean, timestamp. Partition projection finds new days without
-- ALTER TABLE.
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
PARTITIONED BY (day string)
STORED AS PARQUET
LOCATION 's3://company-archive/messages/'
TBLPROPERTIES (
  'projection.enabled' = 'true',
  'projection.day.type' = 'date',
  'projection.day.format' = 'yyyy-MM-dd',
  'projection.day.range' = '2015-01-01,NOW',
  'projection.day.interval' = '1',
  'projection.day.interval.unit' = 'DAYS',
  'storage.location.template' = 's3://company-archive/messages/day=${day}/'
);

-- Athena reads only the days that a query selects.
SELECT message_id, "timestamp", json_extract_scalar(payload, '$.subject') AS subject
FROM messages
WHERE day BETWEEN '2024-05-17' AND '2024-06-30';

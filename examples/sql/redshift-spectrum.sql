-- Redshift Spectrum, for a Parquet archive. The role needs s3:GetObject and s3:ListBucket on the archive, kms:Decrypt
-- on its key, and the Glue catalog. Declared columns go between alerts and source, in their order: varchar, bigint for
-- int64, double precision, boolean, timestamp. With `partition-by: day`, replace month by day.
CREATE EXTERNAL SCHEMA message_archive
FROM DATA CATALOG DATABASE 'message_archive'
IAM_ROLE 'arn:aws:iam::123456789012:role/redshift-spectrum'
CREATE EXTERNAL DATABASE IF NOT EXISTS;

-- A Redshift value holds 65,535 bytes. By default a longer payload silently becomes null; with this setting the query
-- fails instead. Athena, Spark and DuckDB read such messages.
CREATE EXTERNAL TABLE message_archive.messages (
  message_id varchar(8192),
  "timestamp" timestamp,
  alert_count int,
  alerts array<struct<alert_id: varchar(8192), status: varchar(8192)>>,
  source varchar(16),
  read_at timestamp,
  payload_sha256 varchar(64),
  payload varchar(65535)
)
PARTITIONED BY (month varchar(10))
STORED AS PARQUET
LOCATION 's3://company-archive/messages/'
TABLE PROPERTIES ('data_cleansing_enabled' = 'true', 'surplus_char_handling' = 'FAIL');

-- Redshift has no partition projection: add each month once. Months that are still empty do no harm, so add a year
-- ahead.
ALTER TABLE message_archive.messages ADD IF NOT EXISTS
PARTITION (month = '2024-05') LOCATION 's3://company-archive/messages/month=2024-05/'
PARTITION (month = '2024-06') LOCATION 's3://company-archive/messages/month=2024-06/';

SELECT m.message_id, m."timestamp", a.alert_id, a.status
FROM message_archive.messages m, m.alerts a
WHERE m.month = '2024-06';

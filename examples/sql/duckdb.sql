-- DuckDB. These three lines are for an archive on S3 alone; the credentials are those of the AWS CLI.
INSTALL httpfs;
LOAD httpfs;
CREATE SECRET archive (TYPE s3, PROVIDER credential_chain, REGION 'eu-central-1');

-- A folder does as well: 'archive/*/*.parquet'. The first star is month=2024-06, or day=2024-06-01.
SET TimeZone = 'UTC';
CREATE VIEW messages AS
FROM read_parquet('s3://company-archive/messages/*=*/*.parquet', hive_partitioning = true, union_by_name = true);

-- DuckDB opens only the files of the months that a query names. TRY_CAST gives null where it does not read a payload
-- as JSON: a text cut in the middle of an emoji holds half of a surrogate pair, which would fail the whole query.
SELECT message_id, timestamp, TRY_CAST(payload AS JSON)->>'$.subject' AS subject
FROM messages
WHERE month = '2024-06' AND timestamp >= '2024-06-03';

-- The messages whose payload DuckDB does not read as JSON. Their columns are there as ever, and their payload as text.
SELECT message_id FROM messages WHERE NOT json_valid(payload);

SELECT alert.status, count(*) AS alerts, count(DISTINCT message_id) AS messages
FROM messages, unnest(alerts) AS each (alert)
GROUP BY ALL
ORDER BY alerts DESC;

-- Proof that every payload is what was read: this counts none.
SELECT count(*) AS damaged FROM messages WHERE sha256(payload) <> payload_sha256;

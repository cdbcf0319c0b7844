-- DuckDB. The first three statements are only for an archive on S3; the credentials are those of the AWS CLI.
INSTALL httpfs;
LOAD httpfs;
CREATE SECRET archive (TYPE s3, PROVIDER credential_chain, REGION 'eu-central-1');

-- A folder works too: 'archive/*=*/*.parquet'. The first part is month=2024-06 or day=2024-06-01.
SET TimeZone = 'UTC';
CREATE VIEW messages AS
FROM read_parquet('s3://company-archive/messages/*=*/*.parquet', hive_partitioning = true, union_by_name = true);

-- DuckDB opens only the files of the months that a query selects. TRY_CAST returns null for a payload that DuckDB does
-- not accept as JSON: a text cut within an emoji contains half of a surrogate pair, which would fail the whole query.
SELECT message_id, timestamp, TRY_CAST(payload AS JSON)->>'$.subject' AS subject
FROM messages
WHERE month = '2024-06' AND timestamp >= '2024-06-03';

-- Messages whose payload DuckDB does not accept as JSON. Their columns are complete, and the payload is there as text.
SELECT message_id FROM messages WHERE NOT json_valid(payload);

SELECT alert.status, count(*) AS alerts, count(DISTINCT message_id) AS messages
FROM messages, unnest(alerts) AS each (alert)
GROUP BY ALL
ORDER BY alerts DESC;

-- Evidence that every payload is what was read: the count is 0.
SELECT count(*) AS damaged FROM messages WHERE sha256(payload) <> payload_sha256;

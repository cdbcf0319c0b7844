import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { CreateTableCommand, DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import { CreateBucketCommand, GetObjectCommand, paginateListObjectsV2, S3Client } from '@aws-sdk/client-s3';
import { type CloudEndpoints, endpoints } from './endpoints.ts';

const region = 'us-east-1';

/** A bucket and a table of their own, as their owner sees them. */
export class Cloud {
  readonly bucket = `whole-${randomUUID()}`;
  readonly prefix = 'some/where';
  readonly table = `whole-${randomUUID()}`;
  readonly #s3: S3Client;
  readonly #dynamo: DynamoDBClient;

  private constructor({ s3: { endpoint, ...credentials }, moto }: CloudEndpoints) {
    this.#s3 = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
    this.#dynamo = new DynamoDBClient({ endpoint: moto, region, credentials });
  }

  static async make(services: CloudEndpoints = endpoints()): Promise<Cloud> {
    const cloud = new Cloud(services);
    await cloud.#s3.send(new CreateBucketCommand({ Bucket: cloud.bucket }));
    await createTable(cloud.#dynamo, cloud.table);
    return cloud;
  }

  /** The inputs that name them. */
  get inputs(): { archive: string; staging: string } {
    return { archive: `s3://${this.bucket}/${this.prefix}`, staging: `dynamodb:${this.table}` };
  }

  /** Where the SDK finds the services, and who asks. */
  static variables({ s3, moto }: CloudEndpoints = endpoints()): Record<string, string> {
    return {
      AWS_REGION: region,
      AWS_ACCESS_KEY_ID: s3.accessKeyId,
      AWS_SECRET_ACCESS_KEY: s3.secretAccessKey,
      AWS_ENDPOINT_URL_S3: s3.endpoint,
      AWS_ENDPOINT_URL_DYNAMODB: moto,
    };
  }

  /** Every object's version by its path below the prefix. */
  async objects(): Promise<Map<string, string>> {
    const objects = new Map<string, string>();
    for await (const { Key, ETag } of this.#list()) objects.set(Key!.slice(this.prefix.length + 1), ETag!);
    return objects;
  }

  /** The objects that hold messages. */
  async bytes(): Promise<number> {
    let bytes = 0;
    for await (const { Key, Size } of this.#list()) if (Key!.endsWith('.parquet')) bytes += Size!;
    return bytes;
  }

  /** Copies every object into a folder. */
  async download(folder: string): Promise<void> {
    for (const path of (await this.objects()).keys()) {
      const { Body } = await this.#s3.send(
        new GetObjectCommand({ Bucket: this.bucket, Key: `${this.prefix}/${path}` }),
      );
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), await Body!.transformToByteArray());
    }
  }

  /** How many items the table holds. */
  async items(): Promise<number> {
    const { Count } = await this.#dynamo.send(new ScanCommand({ TableName: this.table, Select: 'COUNT' }));
    return Count!;
  }

  async *#list() {
    const pages = paginateListObjectsV2({ client: this.#s3 }, { Bucket: this.bucket });
    for await (const { Contents = [] } of pages) yield* Contents;
  }

  close(): void {
    this.#s3.destroy();
    this.#dynamo.destroy();
  }
}

/** Makes a table as the staging expects it. */
export async function createTable(client: DynamoDBClient, TableName: string): Promise<void> {
  await client.send(
    new CreateTableCommand({
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [
        { AttributeName: 'pk', AttributeType: 'S' },
        { AttributeName: 'sk', AttributeType: 'S' },
      ],
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
    }),
  );
}

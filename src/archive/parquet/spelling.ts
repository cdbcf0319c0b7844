import type { ThriftSpec } from './thrift.ts';

// The structs of Parquet files as this archive writes them. Other fields, such as encryption, bloom filters or sort orders,
// would affect readers. Integers must have the width that the format specifies, since strict readers reject others.
// https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift

const none: ThriftSpec = { struct: {} };
const timeUnit: ThriftSpec = { struct: { 1: none, 2: none, 3: none } };
const logicalType: ThriftSpec = { struct: { 1: none, 3: none, 8: { struct: { 1: 'bool', 2: timeUnit } } } };
const schemaElement: ThriftSpec = {
  struct: { 1: 'i32', 3: 'i32', 4: 'binary', 5: 'i32', 6: 'i32', 10: logicalType },
};
const statistics: ThriftSpec = {
  struct: { 1: 'binary', 2: 'binary', 3: 'i64', 5: 'binary', 6: 'binary', 7: 'bool', 8: 'bool' },
};
const pageEncoding: ThriftSpec = { struct: { 1: 'i32', 2: 'i32', 3: 'i32' } };
const sizes: ThriftSpec = { struct: { 1: 'i64', 2: { list: 'i64' }, 3: { list: 'i64' } } };
const columnMetaData: ThriftSpec = {
  struct: {
    1: 'i32',
    2: { list: 'i32' },
    3: { list: 'binary' },
    4: 'i32',
    5: 'i64',
    6: 'i64',
    7: 'i64',
    9: 'i64',
    11: 'i64',
    12: statistics,
    13: { list: pageEncoding },
    16: sizes,
  },
};
const columnChunk: ThriftSpec = { struct: { 2: 'i64', 3: columnMetaData, 4: 'i64', 5: 'i32', 6: 'i64', 7: 'i32' } };
const rowGroup: ThriftSpec = {
  struct: { 1: { list: columnChunk }, 2: 'i64', 3: 'i64', 5: 'i64', 6: 'i64', 7: 'i16' },
};
const keyValue: ThriftSpec = { struct: { 1: 'binary', 2: 'binary' } };

export const fileSpec: ThriftSpec = {
  struct: {
    1: 'i32',
    2: { list: schemaElement },
    3: 'i64',
    4: { list: rowGroup },
    5: { list: keyValue },
    6: 'binary',
    7: { list: { struct: { 1: none } } },
  },
};

export const pageSpec: ThriftSpec = {
  struct: {
    1: 'i32',
    2: 'i32',
    3: 'i32',
    5: { struct: { 1: 'i32', 2: 'i32', 3: 'i32', 4: 'i32' } },
    7: { struct: { 1: 'i32', 2: 'i32', 3: 'bool' } },
  },
};

export const offsetIndexSpec: ThriftSpec = {
  struct: { 1: { list: { struct: { 1: 'i64', 2: 'i32', 3: 'i64' } } }, 2: { list: 'i64' } },
};

export const columnIndexSpec: ThriftSpec = {
  struct: {
    1: { list: 'bool' },
    2: { list: 'binary' },
    3: { list: 'binary' },
    4: 'i32',
    5: { list: 'i64' },
    6: { list: 'i64' },
    7: { list: 'i64' },
  },
};

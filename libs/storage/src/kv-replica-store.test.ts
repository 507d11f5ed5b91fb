import { describeReplicaStore } from './testing/describe-replica-store.ts';
import { lmdbMedium, memoryMedium } from './testing/kv-medium.ts';

// [STORE1]
describeReplicaStore('memory', memoryMedium());
describeReplicaStore('LMDB', lmdbMedium);

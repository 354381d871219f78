/** Variables in which a node of a deployed environment finds what AWS alone knows: host:port of Kafka’s brokers, comma-separated, and of the directory. */
export const KAFKA_BROKERS_VARIABLE = 'IRIS_KAFKA_BROKERS';
export const DIRECTORY_VARIABLE = 'IRIS_DIRECTORY';

/** Where a boot script puts who logs in to the CQL store, and the authority of its nodes’ certificates: what `credentialsPath` and `caPath` name. */
export const STORE_LOGIN_PATH = '/etc/iris/store-login.json';
export const STORE_AUTHORITY_PATH = '/etc/iris/store-authority.pem';

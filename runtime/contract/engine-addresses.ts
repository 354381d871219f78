/** Variables in which a node of a deployed environment finds what AWS alone knows: host:port of Kafka’s brokers, comma-separated, and of the directory. */
export const KAFKA_BROKERS_VARIABLE = 'IRIS_KAFKA_BROKERS';
export const DIRECTORY_VARIABLE = 'IRIS_DIRECTORY';

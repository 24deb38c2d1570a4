/** All that the user of Vestibule may do at Redis, as ACL SETUSER takes it; the tests run with nothing more. */
export const REDIS_RIGHTS = [
  '+get +mget +getrange +strlen +exists +pttl +hget +hgetall +zscan +zcard +zrangebyscore +time',
  '+set +setrange +incr +del +pexpire +hset +hdel +zadd +zrem',
  '+eval +evalsha +publish +subscribe',
  '+ping +quit +info +config|get +client|setname',
  // Cluster only; harmless elsewhere.
  '+asking +cluster|slots +cluster|info',
].join(' ');

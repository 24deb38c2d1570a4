import { ReplyError } from 'ioredis';
import { failureName, isReadOnlyReply } from './redis-failure.js';

const reply = (message: string): Error => new ReplyError(message) as Error;

describe('the name of a failure', () => {
  it('is the code of an error reply, without the prose', () => {
    expect(failureName(reply("OOM command not allowed when used memory > 'maxmemory'."), 'x')).toBe(
      'OOM',
    );
  });

  it('never repeats what Redis echoes (K-19)', () => {
    const echo = "ERR unknown command 'HELLO', with args beginning with: '3' 'AUTH' 'me' 'secret'";
    expect(failureName(reply(echo), 'x')).toBe('ERR');
  });

  it('is the code of a system error', () => {
    const error = Object.assign(new Error('connect ECONNREFUSED 10.0.0.1'), {
      code: 'ECONNREFUSED',
    });
    expect(failureName(error, 'x')).toBe('ECONNREFUSED');
  });

  it('is the fallback for everything else', () => {
    for (const error of [new Error('Command timed out'), undefined, 'text', { code: 5 }]) {
      expect(failureName(error, 'timeout')).toBe('timeout');
    }
  });
});

describe('a reply of a demoted primary', () => {
  it('is known bare and wrapped in the error of a script (K-14)', () => {
    expect(isReadOnlyReply(reply("READONLY You can't write against a read only replica."))).toBe(
      true,
    );
    expect(
      isReadOnlyReply(reply("ERR Error running script: @user_script:1: -READONLY You can't")),
    ).toBe(true);
  });

  it('is not seen in other replies', () => {
    expect(isReadOnlyReply(reply("ERR unknown command 'XREADONLY'"))).toBe(false);
  });
});

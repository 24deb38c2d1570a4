import { withDefault } from '../option.js';
import { quota } from '../values/quota.js';

/** Section `limits`: how often one network may ask for what costs something, counted by all instances together. */
export const limitOptions = {
  login: withDefault({
    key: 'login',
    env: 'LIMIT_LOGIN',
    type: quota,
    default: '1200/m',
    doc: 'Logins that one network (an IPv4 address, an IPv6 /64) may begin. The default is 20 a second: ten thousand people behind one address who all come back twice an hour stay below it, and a flood of them fits into Redis. Behind a proxy it needs `TRUST_PROXY`, or everybody is one network.',
  }),
  callback: withDefault({
    key: 'callback',
    env: 'LIMIT_CALLBACK',
    type: quota,
    default: '2400/m',
    doc: "Answers of a provider that one network may bring. Twice the logins: nobody who could begin one is stopped at its end, by pages that are reloaded or gone back to either. Whoever is stopped may reload: the login's state was not spent.",
  }),
  backchannel: withDefault({
    key: 'backchannel',
    env: 'LIMIT_BACKCHANNEL',
    type: quota,
    default: '300/m',
    doc: 'Logout tokens of one network that turn out to be none. What a provider sends rightly counts nothing, so a mass logout may be of any size.',
  }),
  secrets: withDefault({
    key: 'secrets',
    env: 'LIMIT_SECRETS',
    type: quota,
    default: '10/m',
    doc: 'Wrong proofs of one service from one network; until the time is over, the right one waits there too.',
  }),
};

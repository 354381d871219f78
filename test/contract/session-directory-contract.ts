import type { DirectoryEntry, DirectoryLogin, SessionDirectory } from '../../runtime/ports/session-directory.ts';
import { until } from '../servers/node-pair.ts';

/** Edges of one region. */
export interface DirectoriesUnderTest {
  /** Two edges that share what they know, or one. */
  readonly edges: readonly SessionDirectory[];
  dispose(): Promise<void>;
}

let logins = 0;

function loginOf(fields: Partial<DirectoryLogin> = {}): DirectoryLogin {
  logins++;
  return {
    user: `user ${logins}}\u00e9`,
    protocol: 'v2.4',
    device: '0011223344556677',
    loginStamp: 1_000 + logins,
    sinceMs: 1_800_000_000_000,
    ...fields,
  };
}

/** The laws of SessionDirectory, run by every adapter (R15, R17, R18). */
export function describeSessionDirectoryContract(name: string, create: () => Promise<DirectoriesUnderTest>): void {
  describe(`${name} keeps the laws of SessionDirectory`, () => {
    let under: DirectoriesUnderTest;
    let here: SessionDirectory;
    /** The other edge, where there is one. */
    let there: SessionDirectory;

    beforeAll(async () => {
      under = await create();
      here = under.edges[0] as SessionDirectory;
      there = under.edges[1] ?? here;
    });
    afterAll(() => under?.dispose());

    const heard: string[] = [];
    const enter = (directory: SessionDirectory, login: DirectoryLogin, says = 'replaced'): DirectoryEntry =>
      directory.enter(login, { replaced: () => void heard.push(says) });
    beforeEach(() => heard.splice(0));

    const known = async (directory: SessionDirectory, login: DirectoryLogin) => {
      await until(async () => (await directory.find(login.user))?.loginStamp === login.loginStamp, 'the login is known');
      return await directory.find(login.user);
    };
    const unknown = (directory: SessionDirectory, { user }: DirectoryLogin) =>
      until(async () => (await directory.find(user)) === undefined, 'the user is not known');

    it('says where a user is connected, with all that the login told, at once to its own edge and soon to others', async () => {
      const login = loginOf();
      expect(await here.find(login.user)).toBeUndefined();
      enter(here, login);
      expect(await here.find(login.user)).toMatchObject({ ...login, region: 'tokyo' });
      expect(here.isHere(login.user)).toBe(true);
      expect(await known(there, login)).toEqual(await here.find(login.user));
      expect(there.isHere(login.user)).toBe(there === here);
    });

    it('knows nobody who has left, and a second leave changes nothing', async () => {
      const login = loginOf();
      const entry = enter(here, login);
      await known(there, login);
      entry.leave();
      entry.leave();
      expect(here.isHere(login.user)).toBe(false);
      await unknown(there, login);
      expect(heard).toEqual([]);
    });

    it('a later login takes over, the earlier one hears it once and takes out nothing that is not its own', async () => {
      const first = loginOf();
      const second = loginOf({ user: first.user, protocol: 'v1' });
      const entry = enter(here, first, 'first replaced');
      await known(there, first);
      enter(there, second, 'second replaced');
      await until(() => heard.length > 0, 'the first login hears of the second');
      entry.leave();
      expect(await known(here, second)).toMatchObject({ protocol: 'v1' });
      expect(heard).toEqual(['first replaced']);
    });

    it('an earlier login does not take over where it becomes known later; it does once the later one has left', async () => {
      const early = loginOf();
      const late = loginOf({ user: early.user });
      const entry = enter(there, late, 'late replaced');
      await known(here, late);
      enter(here, early, 'early replaced');
      // A clock that goes before is no reason to end the session that it stamped lower.
      expect(heard).toEqual(here === there ? ['early replaced'] : []);
      await until(async () => (await there.find(early.user))?.loginStamp === late.loginStamp, 'the later login stands');
      entry.leave();
      if (here !== there) await known(there, early);
    });

    /** What is heard of a user, ends included; `?` while it is not known. */
    const watchOf = (directory: SessionDirectory, user: string) => {
      const words: string[] = [];
      const watch = directory.watch(user, (isOnline) => words.push(isOnline === undefined ? '?' : isOnline ? 'on' : 'off'));
      return { watch, words, is: (word: string) => until(() => words.at(-1) === word, `${word} is heard, after ${words.join()}`) };
    };

    it('who watches hears soon how a user is, and each coming and leaving at whatever edge; nothing once it has stopped (R15)', async () => {
      const login = loginOf();
      const [near, far] = [watchOf(here, login.user), watchOf(there, login.user)];
      expect([near.words, far.words]).toEqual([[], []]);
      await near.is('off');
      await far.is('off');
      for (let i = 0; i < 3; i++) {
        const entry = enter(i % 2 === 0 ? here : there, { ...login, loginStamp: login.loginStamp + i });
        await near.is('on');
        await far.is('on');
        entry.leave();
        await near.is('off');
        await far.is('off');
      }
      far.watch.stop();
      const count = far.words.length;
      const entry = enter(here, { ...login, loginStamp: login.loginStamp + 9 });
      await near.is('on');
      // A second one, while the first is heard of.
      const second = watchOf(here, login.user);
      await second.is('on');
      entry.leave();
      await second.is('off');
      expect(far.words.length).toBe(count);
      for (const { watch } of [near, second]) watch.stop();
    });

    it('a user who goes from edge to edge is online in the end, and one who has left is not, however fast (R15)', async () => {
      const users = Array.from({ length: 20 }, () => loginOf());
      const watches = users.map(({ user }) => watchOf(there, user));
      const ends = users.map((login, at) => {
        let last: DirectoryEntry | undefined;
        for (let i = 0; i < 10; i++) {
          const next = enter(i % 2 === 0 ? here : there, { ...login, loginStamp: login.loginStamp + 1_000 + i });
          last?.leave();
          last = next;
        }
        if (at % 2 === 0) last?.leave();
        return at % 2 === 0 ? 'off' : 'on';
      });
      await Promise.all(
        users.map((login, at) =>
          ends[at] === 'on' ? until(async () => (await here.find(login.user)) !== undefined, 'found') : unknown(here, login),
        ),
      );
      await Promise.all(watches.map(({ is }, at) => is(ends[at] as string)));
      for (const { watch } of watches) watch.stop();
    });

    it('of logins and leaves in one burst the last counts', async () => {
      const last = loginOf();
      for (let i = 0; i < 50; i++) enter(here, { ...last, loginStamp: last.loginStamp - 50 + i }, 'burst').leave();
      enter(here, last, 'last');
      await known(there, last);
      expect(heard).toEqual([]);
    });
  });
}

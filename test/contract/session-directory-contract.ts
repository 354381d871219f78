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
      directory.enter(login, () => heard.push(says));
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

    it('of logins and leaves in one burst the last counts', async () => {
      const last = loginOf();
      for (let i = 0; i < 50; i++) enter(here, { ...last, loginStamp: last.loginStamp - 50 + i }, 'burst').leave();
      enter(here, last, 'last');
      await known(there, last);
      expect(heard).toEqual([]);
    });
  });
}

import { accept, end, type Keeper, type SignedIn, take } from "./keeper.ts";
import { type Result, success } from "./result.ts";
import { isOver, type SignOutScope } from "./transport.ts";

/** Signs in, after whatever is under way: no late answer takes the place of what it starts. */
export function signIn(keeper: Keeper, path: string, body: object): Promise<Result<SignedIn>> {
  const go = async (): Promise<Result<SignedIn>> => {
    const result = await keeper.transport.signIn(path, body);
    return result.ok ? accept(keeper, result.data) : result;
  };
  keeper.renewing = null;
  return take(keeper, go, go);
}

/** Signs out, after whatever is under way, here and in the other tabs. */
export function signOut(keeper: Keeper, scope: SignOutScope): Promise<Result<null>> {
  const go = async (): Promise<Result<null>> => {
    const result = await keeper.transport.signOut(scope);
    if (isOver(result, scope)) forget(keeper);
    return result.ok ? success(null) : result;
  };
  // Who asks for a renewal from now on asks for one after it.
  keeper.renewing = null;
  return take(keeper, go, go);
}

function forget(keeper: Keeper): void {
  keeper.tabs.tell({ id: keeper.state.session?.id ?? null, expiresIn: null });
  end(keeper);
}

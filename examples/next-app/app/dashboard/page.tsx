import type { ReactNode } from "react";
import { Time } from "../../components/time.tsx";
import { noteOf } from "../../lib/notes.ts";
import { signedIn } from "../../lib/signed-in.ts";
import { saveNote } from "../actions.ts";

export default async function Dashboard(): Promise<ReactNode> {
  const { session, userId } = await signedIn();
  const note = noteOf(userId);
  return (
    <>
      <h1>Dashboard</h1>
      <p>
        Signed in since <Time seconds={session.createdAt} />.
      </p>
      <form action={saveNote} className="card">
        <label htmlFor="note">A note to yourself</label>
        <textarea id="note" name="note" rows={3} maxLength={200} defaultValue={note} key={note} />
        <div className="row">
          <button type="submit">Save</button>
        </div>
      </form>
    </>
  );
}

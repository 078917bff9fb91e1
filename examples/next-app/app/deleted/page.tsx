import type { ReactNode } from "react";

export default function Deleted(): ReactNode {
  return (
    <>
      <h1>Your account is deleted</h1>
      <p>Every device that was signed in to it is signed out.</p>
    </>
  );
}

import type { GetServerSideProps } from "next";
import type { ReactNode } from "react";

interface Props {
  readonly secret: string;
}

export const getServerSideProps: GetServerSideProps<Props> = async () => ({
  props: { secret: "The vault is open." },
});

export default function Legacy({ secret }: Props): ReactNode {
  return <p>{secret}</p>;
}

import { describeStore, type Runner, runTrace } from "@latchkey/store-contract";
import { store } from "./session-store.js";

declare const runner: Runner;

export const makeStore = async () => ({ store, close: async () => undefined });

describeStore(runner, "our store", makeStore);

export const trace = (seed: number) => runTrace({ seed, steps: 100, makeStore });

export const counts = async (seed: number) => (await trace(seed)).counts;

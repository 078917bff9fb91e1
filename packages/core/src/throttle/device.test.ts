import { expect, test } from "vitest";
import { DEVICE_LIFETIME, findDevice, formatDevices, parseDevices, rememberDevice } from "./device.ts";

const START = 1_900_000_000;
const ann = { id: "ann", credentialsVersion: 3 };

let drawn = 0;
const random = (length: number): Uint8Array => new Uint8Array(length).fill(++drawn);
const remembered = (...users: readonly (typeof ann)[]) =>
  users.reduce((devices, user) => rememberDevice(devices, user, START, random), parseDevices(null));

test("a device is found for its user, and for no other", () => {
  const devices = remembered(ann, { id: "bob", credentialsVersion: 3 });
  expect(findDevice(devices, ann, START)).toMatch(/^[\w-]{22}$/);
  expect(findDevice(devices, { id: "bob", credentialsVersion: 3 }, START)).not.toBe(
    findDevice(devices, ann, START),
  );
  expect(findDevice(devices, { id: "eve", credentialsVersion: 3 }, START)).toBeNull();
  expect(findDevice(devices, { id: "", credentialsVersion: -1 }, START)).toBeNull();
});

test.each([2, 4])("a device of version 3 is not found for a user of version %s", (credentialsVersion) => {
  expect(findDevice(remembered(ann), { ...ann, credentialsVersion }, START)).toBeNull();
});

test("a device is found for less than a year after its last sign-in, and not from far in the future", () => {
  const devices = remembered(ann);
  const isFound = (age: number) => findDevice(devices, ann, START + age) !== null;
  expect([DEVICE_LIFETIME - 1, DEVICE_LIFETIME, -60, -DEVICE_LIFETIME].map(isFound)).toEqual([
    true,
    false,
    true,
    false,
  ]);
});

test("a device keeps its id at each sign-in, and gets another after its credentials changed", () => {
  const first = remembered(ann);
  const id = findDevice(first, ann, START);
  const second = rememberDevice(first, ann, START + 100, random);
  expect(second).toEqual([{ ...first[0], issuedAt: START + 100 }]);
  const changed = { ...ann, credentialsVersion: 4 };
  const third = rememberDevice(second, changed, START + 200, random);
  expect(third).toHaveLength(1);
  expect(findDevice(third, changed, START + 200)).not.toBe(id);
});

test("a browser remembers its five latest users, the newest first, in less than 700 characters", () => {
  const users = Array.from({ length: 7 }, (_, n) => ({
    id: `user ${n}`.padEnd(500),
    credentialsVersion: 10 ** 6 + n,
  }));
  const devices = remembered(...users);
  expect(users.map((user) => findDevice(devices, user, START) !== null)).toEqual([
    false,
    false,
    true,
    true,
    true,
    true,
    true,
  ]);
  expect(devices[0]?.credentialsVersion).toBe(10 ** 6 + 6);
  // Sealing adds 28 bytes, and base64url a third.
  expect(((formatDevices(devices).length + 28) * 4) / 3).toBeLessThan(700);
});

test("devices survive the way to text and back", () => {
  const devices = remembered(ann, { id: "bob", credentialsVersion: 0 });
  expect(parseDevices(formatDevices(devices))).toEqual(devices);
});

test.each([
  null,
  "",
  "[",
  "{}",
  "null",
  '"text"',
  "[null]",
  "[[]]",
  '[["u","d",1]]',
  '[["u","d",1,1,1]]',
  '[["u",5,1,1]]',
  '[["u","d","1",1]]',
  '[["u","d",1,1.5]]',
  '[["u","d",1,null]]',
  JSON.stringify(Array.from({ length: 6 }, () => ["u", "d", 1, 1])),
])("the text %j remembers no device", (text) => {
  expect(parseDevices(text)).toEqual([]);
});

import type { ReactNode } from "react";

/** A key and its tag, for the eye alone. */
export function KeyArt(): ReactNode {
  return (
    <svg className="art" viewBox="0 0 240 300" fill="none" aria-hidden="true">
      <path className="cord" d="M120 22c-34 44 40 52 4 92" />
      <circle className="ring" cx="120" cy="16" r="9" />
      <g className="key" transform="rotate(14 122 120)">
        <circle cx="122" cy="138" r="27" />
        <circle cx="122" cy="138" r="12" />
        <path d="M122 165v104M122 252h24v-15M122 228h18v-12" />
      </g>
      <g className="tag" transform="rotate(-9 122 114)">
        <path d="M88 124h-42a12 12 0 0 0-12 12v86a12 12 0 0 0 12 12h42a12 12 0 0 0 12-12v-98z" />
        <path className="writing" d="M48 164h38M48 182h30M48 200h34" />
      </g>
    </svg>
  );
}

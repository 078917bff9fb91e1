import type { ReactNode } from "react";

/** A decorative picture: a key and its tag on a ring. */
export function KeyArt(): ReactNode {
  return (
    <svg className="art" viewBox="0 0 260 300" fill="none" aria-hidden="true">
      <circle className="nail" cx="130" cy="20" r="7" />
      <circle className="ring" cx="130" cy="58" r="36" />
      <g transform="rotate(22 130 58)">
        <g className="label">
          <path d="M122 104h16l26 26v96a12 12 0 0 1-12 12h-44a12 12 0 0 1-12-12v-96z" />
          <circle className="hole" cx="130" cy="122" r="7" />
          <path className="writing" d="M114 160h32M114 180h32M114 200h20" />
        </g>
        <path className="cord" d="M130 92v28" />
      </g>
      <g transform="rotate(-18 130 58)">
        <g className="key">
          <circle cx="130" cy="124" r="32" />
          <path d="M130 157v120M130 277h26M130 250h18" />
        </g>
      </g>
    </svg>
  );
}

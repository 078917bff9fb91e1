import { useEffect, useState } from "react";
import { useNavigate } from "react-router";

/** The token of the link that opened the page; null without one. It is removed from the address, and kept while the page is open. */
export function useMailToken(): string | null {
  const [token] = useState(() => new URLSearchParams(location.search).get("token"));
  const navigate = useNavigate();
  useEffect(() => {
    // A router keeps the address itself, so the router replaces it.
    if (location.search.includes("token=")) void navigate(location.pathname, { replace: true });
  }, [navigate]);
  return token;
}

CREATE TABLE users (
  id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  email text COLLATE "C" UNIQUE,
  handle text COLLATE "C" UNIQUE,
  name text,
  avatar text,
  plan text NOT NULL DEFAULT 'free',
  created_at timestamptz NOT NULL DEFAULT now(),
  -- Added for Latchkey.
  email_verified boolean NOT NULL DEFAULT false,
  password_hash text,
  credentials_version integer NOT NULL DEFAULT 1,
  disabled_at timestamptz
);

-- Added for Latchkey: the accounts at Google, GitHub and others.
CREATE TABLE linked_accounts (
  id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  user_id integer NOT NULL REFERENCES users ON DELETE CASCADE,
  provider text NOT NULL,
  subject text NOT NULL,
  tokens text,
  UNIQUE (provider, subject)
);

CREATE INDEX linked_accounts_user_id ON linked_accounts (user_id);

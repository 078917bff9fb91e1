import type { ReactNode } from "react";
import { Route, Routes } from "react-router";
import { Layout } from "./layout.tsx";
import { AccountPage } from "./pages/account.tsx";
import { DevicesPage } from "./pages/devices.tsx";
import { HomePage } from "./pages/home.tsx";
import { NotFoundPage } from "./pages/not-found.tsx";
import { SignInPage } from "./pages/sign-in.tsx";
import { SignUpPage } from "./pages/sign-up.tsx";
import { RequireSignIn } from "./require-sign-in.tsx";

export function App(): ReactNode {
  return (
    <Routes>
      <Route element={<Layout />}>
        <Route index element={<HomePage />} />
        <Route path="sign-in" element={<SignInPage />} />
        <Route path="sign-up" element={<SignUpPage />} />
        <Route element={<RequireSignIn />}>
          <Route path="account" element={<AccountPage />} />
          <Route path="devices" element={<DevicesPage />} />
        </Route>
        <Route path="*" element={<NotFoundPage />} />
      </Route>
    </Routes>
  );
}

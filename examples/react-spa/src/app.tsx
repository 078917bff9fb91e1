import type { ReactNode } from "react";
import { Route, Routes } from "react-router";
import { Layout } from "./layout.tsx";
import { AccountPage } from "./pages/account.tsx";
import { ConfirmEmailPage } from "./pages/confirm-email.tsx";
import { DeletedPage } from "./pages/deleted.tsx";
import { DevicesPage } from "./pages/devices.tsx";
import { ForgotPasswordPage } from "./pages/forgot-password.tsx";
import { HomePage } from "./pages/home.tsx";
import { LinkPage } from "./pages/link.tsx";
import { MailSignInPage } from "./pages/mail-sign-in.tsx";
import { NotFoundPage } from "./pages/not-found.tsx";
import { ResetPasswordPage } from "./pages/reset-password.tsx";
import { SettingsPage } from "./pages/settings.tsx";
import { SignInPage } from "./pages/sign-in.tsx";
import { SignUpPage } from "./pages/sign-up.tsx";
import { UndoEmailChangePage } from "./pages/undo-email-change.tsx";
import { VerifyEmailPage } from "./pages/verify-email.tsx";
import { RequireSignIn } from "./require-sign-in.tsx";

export function App(): ReactNode {
  return (
    <Routes>
      <Route element={<Layout />}>
        <Route index element={<HomePage />} />
        <Route path="sign-in" element={<SignInPage />} />
        <Route path="sign-in/mail" element={<MailSignInPage />} />
        <Route path="sign-in/link" element={<LinkPage />} />
        <Route path="sign-up" element={<SignUpPage />} />
        <Route path="forgot-password" element={<ForgotPasswordPage />} />
        <Route path="reset-password" element={<ResetPasswordPage />} />
        <Route path="verify-email" element={<VerifyEmailPage />} />
        <Route path="confirm-email" element={<ConfirmEmailPage />} />
        <Route path="undo-email-change" element={<UndoEmailChangePage />} />
        <Route path="deleted" element={<DeletedPage />} />
        <Route element={<RequireSignIn />}>
          <Route path="account" element={<AccountPage />} />
          <Route path="devices" element={<DevicesPage />} />
          <Route path="settings" element={<SettingsPage />} />
        </Route>
        <Route path="*" element={<NotFoundPage />} />
      </Route>
    </Routes>
  );
}

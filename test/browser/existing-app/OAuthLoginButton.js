// React code of an existing application, which runs against Latchkey unchanged. Keep it as it is.
import React from "react";
const OAuthLoginButton = ({ provider }) => {
const handleLogin = () => {
// Redirect user to backend OAuth endpoint
window.location.href = `/auth/oauth_start/${provider}/example.com/`;
};
return (
<button onClick={handleLogin}>
Login with {provider.charAt(0).toUpperCase() + provider.slice(1)}
</button>
);
};
export default OAuthLoginButton;

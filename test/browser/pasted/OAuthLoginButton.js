// React code for SecureBite's routes, as people paste it into their applications. Keep it as it is.
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

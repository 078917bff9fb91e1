// React code of an existing application, which runs against Latchkey unchanged. Keep it as it is.
import React, { useState } from "react";
import { useUser } from "./UserContext";
const Login = () => {
const { login } = useUser();
const [email, setEmail] = useState("");
const [password, setPassword] = useState("");
const handleSubmit = async (e) => {
e.preventDefault();
await login(email, password);
};
return (
<form onSubmit={handleSubmit}>
<input type="email" value={email} onChange={(e) => setEmail(e.target.value)} placeholder="Email" required />
<input type="password" value={password} onChange={(e) => setPassword(e.target.value)} placeholder="Password" required />
<button type="submit">Login</button>
</form>
);
};
export default Login;

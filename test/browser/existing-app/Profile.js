// React code of an existing application, which runs against Latchkey unchanged. Keep it as it is.
import React from "react";
import { useUser } from "./UserContext";
const Profile = () => {
const { user, logout } = useUser();
if (!user) return <div>Not logged in</div>;
return (
<div>
<h2>Welcome, {user.email}</h2>
<button onClick={logout}>Logout</button>
</div>
);
};
export default Profile;

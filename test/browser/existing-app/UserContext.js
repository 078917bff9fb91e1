// React code of an existing application, which runs against Latchkey unchanged. Keep it as it is.
import React, { createContext, useContext, useEffect, useState } from "react";
import axios from "axios";
const UserContext = createContext();
export const UserProvider = ({ children }) => {
const [user, setUser] = useState(null);
const [loading, setLoading] = useState(true);
const fetchUser = async () => {
try {
const res = await axios.get("/auth/me/", { withCredentials: true });
setUser(res.data);
} catch {
setUser(null);
} finally {
setLoading(false);
}
};
useEffect(() => {
fetchUser();
}, []);
const login = async (email, password) => {
await axios.post("/auth/login/", { email, password }, { withCredentials: true });
await fetchUser();
};
const logout = async () => {
await axios.post("/auth/logout/", {}, { withCredentials: true });
setUser(null);
};
return (
<UserContext.Provider value={{ user, loading, login, logout }}>
{loading ? <div>Loading...</div> : children}
</UserContext.Provider>
);
};
export const useUser = () => useContext(UserContext);

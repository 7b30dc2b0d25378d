using System.Reflection;

namespace InverseScope.Service.Tests.Mcp;

/// <summary>Types that can be reached from one by fields, parameters and results, within our own assemblies.</summary>
internal static class Reach
{
    private const BindingFlags Everything =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    public static IReadOnlySet<Type> From(Type start)
    {
        var found = new HashSet<Type>();
        var open = new Stack<Type>([start]);
        while (open.TryPop(out var type))
        {
            if (type.HasElementType)
                open.Push(type.GetElementType()!);
            foreach (var argument in type.GenericTypeArguments)
                open.Push(argument);
            if (type.IsGenericParameter || type.Namespace?.StartsWith("InverseScope", StringComparison.Ordinal) != true || !found.Add(type))
                continue;
            foreach (var field in type.GetFields(Everything))
                open.Push(field.FieldType);
            foreach (var method in type.GetMethods(Everything).Cast<MethodBase>().Concat(type.GetConstructors(Everything)))
            {
                foreach (var parameter in method.GetParameters())
                    open.Push(parameter.ParameterType);
                if (method is MethodInfo { ReturnType: var result })
                    open.Push(result);
            }
        }

        return found;
    }
}
